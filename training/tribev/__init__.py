"""TriBEV: a small camera, radar and lidar bird's-eye-view detector that answers for every subset of its sensors.

Frames and units everywhere: ego frame, x forward, y left, z up, metres, radians, seconds.
BEV tensors are [batch, channel, ix, iy] with ix = floor((x + 51.2) / cell) and iy = floor((y + 51.2) / cell).
Modalities are always in the order lidar, radar, camera.
"""
