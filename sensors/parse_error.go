package sensors

import "fmt"

// Reasons of a ParseError: short, stable words for drop counters.
const (
	// ReasonMalformed: the bytes are not the message, or contradict themselves.
	ReasonMalformed = "malformed"
	// ReasonTruncated: the payload is shorter or longer than the message says.
	ReasonTruncated = "truncated"
	// ReasonOversize: above a bound that no sensor reaches.
	ReasonOversize = "oversize"
	// ReasonNoStamp: no header, or a header without stamp.
	ReasonNoStamp = "no_stamp"
	// ReasonWrongSensor: the header names another sensor than the subject.
	ReasonWrongSensor = "wrong_sensor"
	// ReasonInvalid: well-formed, with values that cannot be: not finite, zero sizes, ranges below zero.
	ReasonInvalid = "invalid"
)

// ParseError says why a message is no sample. The sample is to be dropped and counted under Reason.
type ParseError struct {
	Sensor SensorID
	Seq    uint64
	// Field of the message, as in the .proto file; empty for the message as a whole.
	Field string
	// Reason is one of the Reason constants.
	Reason string
	// Cause is what is wrong, with the numbers; Cure is what the publisher has to do.
	Cause, Cure string
	// Err is the decoder's error, or nil.
	Err error
}

// Error returns "parse SENSOR seq N: field: cause: cure".
func (e *ParseError) Error() string {
	s := fmt.Sprintf("parse %s seq %d: ", e.Sensor, e.Seq)
	if e.Field != "" {
		s += e.Field + ": "
	}
	s += e.Cause
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + ": " + e.Cure
}

// Unwrap returns Err.
func (e *ParseError) Unwrap() error { return e.Err }

// failure makes a ParseError; the caller's finish fills in the sensor.
func failure(reason, field, cure, cause string, args ...any) *ParseError {
	return &ParseError{Field: field, Reason: reason, Cause: fmt.Sprintf(cause, args...), Cure: cure}
}
