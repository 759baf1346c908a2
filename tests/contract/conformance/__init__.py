"""What the conformance suite is made of; the cases are in tests/contract/test_conformance_*.py."""
