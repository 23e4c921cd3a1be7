"""The fixed numbers that training shares with the Go encoders: grid, rasters, camera view, classes."""

import math

CLASSES = (
    "car",
    "truck",
    "bus",
    "trailer",
    "construction_vehicle",
    "pedestrian",
    "motorcycle",
    "bicycle",
    "traffic_cone",
    "barrier",
)
MODALITIES = ("lidar", "radar", "camera")
LIDAR, RADAR, CAMERA = range(3)

RANGE_M = 51.2  # half side of the square grid
TOKEN_CELLS = 64  # cells a side of the token maps, 1.6 m
HEAD_CELLS = 128  # cells a side of the heat maps, 0.8 m
LIDAR_CELLS = 256  # cells a side of the lidar raster, 0.4 m
RADAR_CELLS = 128  # cells a side of the radar raster, 0.8 m
HEAD_M = 2 * RANGE_M / HEAD_CELLS

Z_MIN_M, Z_MAX_M, SLICES = -1.0, 3.8, 8  # lidar height slices of 0.6 m; the ground is near z = 0
LIDAR_CHANNELS = SLICES + 3  # occupancy a slice, highest z / 4, mean intensity, log(1 + count) / 4
MAX_Z, INTENSITY, LOG_COUNT = SLICES, SLICES + 1, SLICES + 2
RADAR_CHANNELS = 6  # log(1 + count), (max RCS + 10) / 30, mean vx / 10, mean vy / 10, mean speed / 10, least age
RADAR_VX, RADAR_VY = 2, 3

CAMERAS = 6  # camera slots of a set
IMAGE_H, IMAGE_W, STRIDE = 96, 256, 8
ROWS_V, COLUMNS = IMAGE_H // STRIDE, IMAGE_W // STRIDE  # feature map: 12 x 32
BINS, DEPTH_MIN_M, DEPTH_MAX_M = 32, 2.0, 90.0  # depth bins, evenly spaced in log(depth along the optical axis)
DEPTH_FOCAL_PX = 128.0  # the bins are of the depth at which a lens of this focal length would show the same
BINS_PER_LOG = BINS / math.log(DEPTH_MAX_M / DEPTH_MIN_M)
TABLE_ROWS = COLUMNS * BINS  # rows of one camera's polar table: column * BINS + bin
TAPS = 4  # table rows that one BEV cell reads: 2 columns x 2 bins
LIFT_HEIGHT_M = 0.8  # height at which cell centres are projected into the image
HORIZON = 0.42  # where the horizon lies in the network's image, share of its height from the top

REGRESSION = ("dx", "dy", "z", "log_l", "log_w", "log_h", "sin_yaw", "cos_yaw", "vx", "vy")
OUTPUTS = len(CLASSES) + len(REGRESSION)

# Columns of a box row: class, centre x y z, length, width, height (m), yaw (rad), velocity over ground (m/s).
BOX_COLUMNS = 10
