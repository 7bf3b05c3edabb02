"""What one does with trained parameters: score, answer files, write sequences."""
