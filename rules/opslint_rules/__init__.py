"""opslint's own rules, one package an area."""
