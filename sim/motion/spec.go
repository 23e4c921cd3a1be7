package motion

import (
	"fmt"
	"math"
	"time"
)

const degree = math.Pi / 180

// Spec holds the errors of the vehicle's sensors, one standard deviation each.
type Spec struct {
	// Period between estimates.
	Period time.Duration
	// WheelScale is the error of the wheels' radius, constant in a drive; SlipShare that of slip, SideShare and RiseShare those of the
	// speed across and upwards: all are shares of the speed. They vary over SlipS seconds.
	WheelScale, SlipShare, SideShare, RiseShare, SlipS float64
	// WheelNoiseMps is white noise of each speed at 1 m/s and above; below, it falls to 0 at rest.
	WheelNoiseMps float64
	// GyroNoise is white, rad/s per root hertz; GyroBias what is left of the bias at the start, rad/s; GyroWalk its random walk, rad/s per
	// root second.
	GyroNoise, GyroBias, GyroWalk float64
	// LevelS is the time constant with which gravity corrects roll and pitch.
	LevelS float64
	// PullM is the way after which GNSS has corrected position and heading to 1/e; 0 = no GNSS. GNSSM and GNSSHeadingRad are the errors of
	// its place (north and east) and course, which vary over GNSSS seconds.
	PullM, GNSSM, GNSSHeadingRad, GNSSS float64
	// AccelerometerBias and AccelerometerNoise of a sample, m/s².
	AccelerometerBias, AccelerometerNoise float64
}

// Default is a production car: wheel pulses good to half a percent, a MEMS gyroscope that has been calibrated at rest, plain GNSS.
func Default() Spec {
	return Spec{
		Period: 10 * time.Millisecond, WheelScale: 0.005, SlipShare: 0.003, SideShare: 0.002, RiseShare: 0.001, SlipS: 1, WheelNoiseMps: 0.01,
		GyroNoise: 0.01 * degree, GyroBias: 0.02 * degree, GyroWalk: 0.002 * degree, LevelS: 10,
		PullM: 500, GNSSM: 1, GNSSHeadingRad: 0.3 * degree, GNSSS: 30, AccelerometerBias: 0.03, AccelerometerNoise: 0.05,
	}
}

// Validate returns nil or what is wrong with the first field that is.
func (s *Spec) Validate() error {
	if s.Period < time.Millisecond || s.Period > time.Second {
		return fmt.Errorf("motion spec: period %s: want 1 ms to 1 s", s.Period)
	}
	for _, f := range []struct {
		name     string
		value    float64
		positive bool
	}{
		{"wheel_scale", s.WheelScale, false},
		{"slip_share", s.SlipShare, false},
		{"side_share", s.SideShare, false},
		{"rise_share", s.RiseShare, false},
		{"slip_s", s.SlipS, true},
		{"wheel_noise_mps", s.WheelNoiseMps, false},
		{"gyro_noise", s.GyroNoise, false},
		{"gyro_bias", s.GyroBias, false},
		{"gyro_walk", s.GyroWalk, false},
		{"level_s", s.LevelS, true},
		{"pull_m", s.PullM, false},
		{"gnss_m", s.GNSSM, false},
		{"gnss_heading_rad", s.GNSSHeadingRad, false},
		{"gnss_s", s.GNSSS, true},
		{"accelerometer_bias", s.AccelerometerBias, false},
		{"accelerometer_noise", s.AccelerometerNoise, false},
	} {
		if !(f.value >= 0) || math.IsInf(f.value, 1) || f.positive && f.value == 0 {
			return fmt.Errorf("motion spec: %s %g: want a finite number, at least 0 (above 0 for a time)", f.name, f.value)
		}
	}
	return nil
}
