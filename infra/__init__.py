"""What brings the hub into Azure: the templates, what checks them, what is deployed. None of it is deployed itself."""
