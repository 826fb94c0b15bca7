"""From a plan to what is pasted to start serving: Terraform for AWS, Kubernetes manifests, or plain JSON."""
