"""What people bring to the staff: complaints, and calls for help."""
