"""What the policy documents say: figures, questions, answers, each with its source."""
