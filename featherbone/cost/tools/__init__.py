"""What each profiler charges an operator, one file a tool: read from its source, checked against what it printed."""
