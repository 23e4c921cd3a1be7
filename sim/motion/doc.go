// Package motion is the simulator's ego-motion estimate: what a vehicle's odometry sends 100 times a second, made from its true motion.
//
// The estimator is dead reckoning of wheel speeds and gyroscopes in a continuous local frame. Roll and pitch are held by gravity; GNSS pulls
// position and heading back, so slowly and only while driving that there are no jumps. Its errors, not its filter, are simulated: the
// estimate is the truth and an error state x that obeys a linear stochastic equation, and the covariances are those of the same equation,
// so that they are what they say:
//
//	position   p' = e x v + R dv - (|v|/L) (p - g)           local axes; g: error of GNSS
//	attitude   e' = R (b + n) - e/T (roll, pitch) - (|v|/L) (e - h) (yaw)
//	velocity   dv = |v| (scale + slip, side, rise) + wheel noise     ego axes
//	gyro       dw = b + n,  b' = random walk
//
// with R and v the true rotation and velocity, the estimated rotation Exp(e) R and position p_true + p (first order in e: 1 degree
// squared is 0.02 degrees). Scale is constant in a drive; slip, side, rise, g and h are Gauss-Markov. Source of the form: Groves,
// Principles of GNSS, Inertial, and Multisensor Integrated Navigation Systems, 2nd ed., chapters 4 and 6.
//
// Pure: a function of the trajectory, the spec and the key.
package motion
