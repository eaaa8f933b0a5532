"""The stage of the Draw page: what runs in the browser while the pen moves, and what it and the server exchange."""
