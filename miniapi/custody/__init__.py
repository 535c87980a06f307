"""What becomes of old things after their collection: station, dismantler, and the certificate of it."""
