"""The call centre in containers; run by script/test-compose."""
