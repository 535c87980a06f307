"""The counter: quoting, redeeming, and taking goods back."""
