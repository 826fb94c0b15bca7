"""A network trained on the data of many clients: federated, split, both, or in one place; what runs where, and how."""
