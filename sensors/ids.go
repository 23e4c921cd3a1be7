package sensors

import (
	"fmt"
	"time"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// SensorID is a sensor's name as in the rig, for example "CAM_FRONT".
type SensorID string

// EgoStream is the stream name of the ego motion; no sensor may carry it.
const EgoStream SensorID = "ego"

// StampNs is a time of validity or of arrival in nanoseconds since the Unix epoch. Zero means "none".
type StampNs int64

// Sub returns s - o as a duration.
func (s StampNs) Sub(o StampNs) time.Duration { return time.Duration(s - o) }

// Add returns s + d.
func (s StampNs) Add(d time.Duration) StampNs { return s + StampNs(d) }

// Seconds returns the stamp in seconds; good to about 0.2 microseconds.
func (s StampNs) Seconds() float64 { return float64(s) * 1e-9 }

// Modality is the kind of a stream.
type Modality uint8

// The modalities. Lidar, Radar, Camera is the order of every mask and share.
const (
	Lidar Modality = iota
	Radar
	Camera
	Ego
	// NumFused is the number of modalities that the fuser knows (Lidar, Radar, Camera).
	NumFused = 3
)

var modalityNames = [...]string{Lidar: "lidar", Radar: "radar", Camera: "camera", Ego: "ego"}

// String returns "lidar", "radar", "camera" or "ego".
func (m Modality) String() string { return nameOf(modalityNames[:], uint8(m), "modality") }

// ParseModality is the inverse of String.
func ParseModality(s string) (Modality, error) {
	for i, n := range modalityNames {
		if n == s {
			return Modality(i), nil //nolint:gosec // four names
		}
	}
	return 0, fmt.Errorf("parse modality %q: want lidar, radar, camera or ego", s)
}

// Proto returns the message enum's value.
func (m Modality) Proto() fusionv1.Modality {
	switch m {
	case Lidar:
		return fusionv1.Modality_MODALITY_LIDAR
	case Radar:
		return fusionv1.Modality_MODALITY_RADAR
	case Camera:
		return fusionv1.Modality_MODALITY_CAMERA
	case Ego:
		return fusionv1.Modality_MODALITY_EGO
	}
	return fusionv1.Modality_MODALITY_UNSPECIFIED
}
