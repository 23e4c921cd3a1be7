// Package render draws one set of a drive into one picture: the cameras with the objects' boxes projected into them, the
// bird's-eye view with points, objects and ground truth, and a panel that says what the objects rest on; or several sets of a
// drive side by side, as a film.
//
// Contracts:
//   - Pure: no clock, goroutine, I/O or randomness; the same scene gives the same bytes on the same architecture.
//   - Pure Go: no cgo, no system fonts.
//   - Objects stand where the list says in the bird's-eye view; in a camera they are moved by their velocity to the time of
//     the image, which the list's manifest gives.
//   - Numbers that are not finite are not drawn; text of any content and length is cut to its place.
package render
