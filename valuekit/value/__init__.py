"""From evidence and cost to money: periods, net, return, bridge, cumulative net."""
