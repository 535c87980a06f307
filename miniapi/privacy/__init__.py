"""What people may ask about the data kept of them: consent, export, leaving; and who looked."""
