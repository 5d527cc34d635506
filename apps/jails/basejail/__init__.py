"""The basejail of a host: fetched with proof, installed, patched and upgraded."""
