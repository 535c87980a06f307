"""WeChat, as this service uses it: calls that go out, and pushes that come in."""
