"""The audit log: who did what to what, in a chain that shows every gap and every change."""
