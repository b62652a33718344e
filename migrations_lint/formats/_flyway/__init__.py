"""What the Flyway format is made of."""
