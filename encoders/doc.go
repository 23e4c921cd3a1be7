// Package encoders turns samples into tokens: maps of the bird's-eye view that the fuser reads.
//
//	lidar sweep  -> points in the ego frame -> Raster (height slices)  -> lidar.onnx  -> tokens [C, H, W]
//	radar scans  -> detections at set time  -> Raster (Doppler, RCS)   -> radar.onnx  -> tokens [C, H, W]
//	camera frame -> undistorted picture     -> camera.onnx -> polar table [columns x depth bins, C]
//
// A camera's polar table needs no calibration; a LiftTable, made for each set from the cameras present and the ego motion
// since their exposures, says which rows of the tables each cell of the grid reads.
//
// Training reads the very same arrays, written by the same code (WriteTensors), so training and serving cannot differ.
//
// Lidar sweeps and camera frames are encoded once, on arrival. Radars share one raster, which needs the set's time, so it
// is encoded when the set closes: a scan is a few dozen detections and the network the smallest of the three.
package encoders
