"""Door-to-door collection of old appliances: slots and bookings."""
