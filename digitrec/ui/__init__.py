"""What the pages share: the canvas, its live companion, caching, messages. The only part that knows Streamlit."""
