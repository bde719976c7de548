"""Scripts and libraries that keep the house in order; nothing of the product imports them."""
