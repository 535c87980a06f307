"""What is owed to a person: reminders, notices, the inbox."""
