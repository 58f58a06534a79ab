"""The only disk: durable writes, objects, the chain and log on disk, the user's keys and settings."""
