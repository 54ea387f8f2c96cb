"""What designs cost, many at a time and exactly, and whether anything fits a budget."""
