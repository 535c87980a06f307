"""What the bureau and its auditors read."""
