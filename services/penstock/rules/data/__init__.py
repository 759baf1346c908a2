"""Tables that the rules work with. Data only: whoever knows a country can read and correct its lines."""
