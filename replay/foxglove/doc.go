// Package foxglove turns fusiond's messages into those that Foxglove and Rerun draw without being told how: boxes of objects
// and ground truth, transforms, images, point clouds. Recordings carry them beside the messages that they are made from;
// nothing in fusiond reads them back.
//
//	/objects, /truth    foxglove.SceneUpdate      one entity an object, in the frame ego
//	/tf                 foxglove.FrameTransforms  local -> ego at every set, ego -> each sensor once a second
//	/camera/<sensor>    foxglove.CompressedImage  in the sensor's frame
//	/lidar/<sensor>     foxglove.PointCloud       in the sensor's frame
//
// The converters are pure functions of a message, and their output depends on nothing else. Poses are (x, y, z, w) and box
// sizes (length, width, height) along the box's own axes there, as Foxglove has them.
package foxglove
