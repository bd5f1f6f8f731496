"""The only package that speaks flwr: agent, runner, ServerApp, ClientApp, Control."""
