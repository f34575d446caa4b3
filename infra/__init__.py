"""What brings the hub into Azure: templates, what checks them, the package. Itself it stays on the desk."""
