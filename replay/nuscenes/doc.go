// Package nuscenes turns folders in the nuScenes layout (v1.0-*/*.json, samples/, sweeps/) into recordings, one a scene.
//
// What it adds to the folder's own data, because a recording of a vehicle has it and the folder has not:
//   - Arrival: stamp plus a constant a modality, see Arrival.
//   - Ego motion as a stream of at least 50 Hz with velocities: see ego.go.
//   - Rate and phase of every sensor, estimated from its stamps: see rig.go.
//   - Point clouds: nuScenes rows of 5 float32 (x, y, z, intensity, ring) are taken as they are. When a file
//     <name>.time.bin lies beside <name>.pcd.bin (one float32 a point: seconds relative to the sweep's stamp), a field "t"
//     is added and the points count as deskewed; nuScenes' own files have no times and are not deskewed.
//     Config.Deskewed overrules that.
//   - Ground truth in the ego frame at the stamp of the sample's main lidar, with velocities from neighbouring annotations.
//
// Missing and damaged files are counted and named in the report; a missing table that is needed is an error.
package nuscenes
