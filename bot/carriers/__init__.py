"""What brings a notice to a person outside the console: web push, e-mail, webhook."""
