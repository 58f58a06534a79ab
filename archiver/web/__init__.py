"""The only network: exact HTTP exchanges, politeness, ssh-agent."""
