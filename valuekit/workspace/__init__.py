"""What a workspace declares: sources, models, outcomes, metrics, evidence and costs."""
