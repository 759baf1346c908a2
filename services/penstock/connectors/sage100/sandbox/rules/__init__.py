"""What Sage 100 does behind the facade: the business objects' checks, sums and stock movements."""
