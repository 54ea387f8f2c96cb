"""Training that begins with a trained network: new classes, frozen parts, teachers."""
