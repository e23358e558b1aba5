"""Middle floor: people, their organisations and the cluster profiles these keep."""
