"""How performance, value and scores move over time, and what a change has cost."""
