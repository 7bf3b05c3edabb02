"""The course: all lessons in order, and their results as one page."""
