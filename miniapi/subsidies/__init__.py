"""What a purchase is subsidised with, by the rules of the policy pack."""
