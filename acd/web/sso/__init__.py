"""Single sign-on with OpenID Connect: the provider, its tokens, a sign-in on its way (docs/sign-in.md)."""
