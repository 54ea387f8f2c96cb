"""What training lowers, and how: objective, optimizer, schedule, average of the weights."""
