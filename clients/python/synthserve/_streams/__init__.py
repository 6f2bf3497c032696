"""The streams that callers get: of rows and of images, sync and asyncio."""
