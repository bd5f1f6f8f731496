"""Identity, authority, invitations and TLS contexts."""
