package suite

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/fusiond/fusiond/eval"
)

// Schema names the layout of a report's JSON. Fields are only ever added.
const Schema = "fusiond.suite/1"

// Number is a figure that may be undefined: null in JSON.
type Number float64

// Undefined is a figure that cannot be had.
var Undefined = Number(math.NaN())

// Known tells whether the figure is defined.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes six decimals, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(math.Round(float64(n)*1e6) / 1e6)
}

// UnmarshalJSON reads a number or null.
func (n *Number) UnmarshalJSON(data []byte) error {
	var v *float64
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*n = Undefined
	if v != nil {
		*n = Number(*v)
	}
	return nil
}

// Report is the result of a run: suite.json.
type Report struct {
	Schema string `json:"schema"`
	// Command, Program, Date and Machine say how the figures came about.
	Command string `json:"command"`
	Program string `json:"program"`
	Date    string `json:"date"`
	Machine string `json:"machine"`
	Model   Model  `json:"model"`
	// Quick runs have one severity of three: their mRA compares with that of quick runs only.
	Quick bool `json:"quick"`
	// Fingerprint tells what made the recordings: reports compare only if it is the same.
	Fingerprint string `json:"fingerprint"`
	// Parts: the simulated worlds, then the real drive if there was one. They are never pooled.
	Parts []Part `json:"parts"`
	// NetworkMs is the time of encoding and fusing a set, summed over the networks, with all sensors on the first drive, alone on the machine.
	NetworkMs *Timing `json:"network_ms,omitempty"`
	// Baseline is the label of the model that mRRA and mCE compare with.
	Baseline string `json:"baseline,omitempty"`
}

// Model says which network was measured.
type Model struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Hash     string `json:"hash"`
	Strategy string `json:"strategy"`
	// Untrained modalities are never fused, whatever the subset.
	Untrained []string `json:"untrained,omitempty"`
}

// Label is the name with the strategy.
func (m Model) Label() string {
	return fmt.Sprintf("%s %s %s, %s", m.Name, m.Version, m.Hash[:min(12, len(m.Hash))], m.Strategy)
}

// Timing of the sets, ms.
type Timing struct {
	Sets int    `json:"sets"`
	P50  Number `json:"p50"`
	P99  Number `json:"p99"`
}

// Part holds the figures of one kind of drives.
type Part struct {
	// Kind is "simulated" or "real".
	Kind string `json:"kind"`
	// Drives by name: seeds, or the recording's file.
	Drives []string `json:"drives"`
	// Modalities that the drives have.
	Modalities []string `json:"modalities"`
	// Moments is the number of scored sets, all drives together.
	Moments int `json:"moments"`
	// Objects is the number of scored objects by class in the clean drives; a class without any has AP 0 by rule.
	Objects map[string]int `json:"objects"`
	Summary Summary        `json:"summary"`
	// Subsets of the sensors on the clean drives; the full set first.
	Subsets []SubsetResult `json:"subsets"`
	// Conditions in the order of the suite: weather and faults.
	Conditions []ConditionResult `json:"conditions"`
	// Visibility from clear to thick fog.
	Visibility []VisibilityResult `json:"visibility"`
	Recovery   []RecoveryResult   `json:"recovery"`
	// Calibration of the scores with all sensors: on the clean drives, and over all weather and faults.
	Calibration []CalibrationResult `json:"calibration"`
	// Violations are the tests in which the full set was worse than one of its members.
	Violations []Violation `json:"violations"`
}

// Summary holds what a table of networks shows. Undefined figures are null.
type Summary struct {
	MAP Number `json:"map"`
	NDS Number `json:"nds"`
	// CarAP2M is the AP of cars at 2 m.
	CarAP2M Number `json:"car_ap_2m"`
	// SubsetsMAP is the plain mean of mAP over the subsets, SubsetsNDS that of NDS.
	SubsetsMAP Number `json:"subsets_mean_map"`
	SubsetsNDS Number `json:"subsets_mean_nds"`
	// NoCamera and NoLidar are without the modality on clean drives: NDS, and its share of the full set's.
	NoCameraNDS  Number `json:"no_camera_nds"`
	NoCameraKept Number `json:"no_camera_nds_kept"`
	NoLidarNDS   Number `json:"no_lidar_nds"`
	NoLidarKept  Number `json:"no_lidar_nds_kept"`
	// MRA is MultiCorrupt's, by NDS and by mAP; CorruptNDS and CorruptMAP are the plain means over the same tests.
	MRANDS     Number `json:"mra_nds"`
	MRAMAP     Number `json:"mra_map"`
	CorruptNDS Number `json:"corrupt_mean_nds"`
	CorruptMAP Number `json:"corrupt_mean_map"`
	// MRRA and MCE compare NDS with the baseline's.
	MRRA Number `json:"mrra_nds"`
	MCE  Number `json:"mce_nds"`
	// Fog50 is at 50 m visibility, objects within 50 m: mAP, its share of the clean drives', lidar alone, and the ratio to it.
	Fog50MAP      Number `json:"fog50_map_50m"`
	Fog50Kept     Number `json:"fog50_map_50m_kept"`
	Fog50LidarMAP Number `json:"fog50_lidar_map_50m"`
	Fog50Ratio    Number `json:"fog50_ratio_to_lidar"`
	// ECE of the scores on the clean drives, and over all weather and faults.
	ECE        Number `json:"ece"`
	ECECorrupt Number `json:"ece_corrupt"`
	Tests      int    `json:"tests"`
	Violations int    `json:"violations"`
}

// Figures of one test.
type Figures struct {
	MAP Number `json:"map"`
	NDS Number `json:"nds"`
	// MAP50 and NDS50 count every class up to 50 m, where nuScenes stops at 30 or 40 m for small ones.
	MAP50   Number            `json:"map_50m"`
	NDS50   Number            `json:"nds_50m"`
	CarAP2M Number            `json:"car_ap_2m"`
	ClassAP map[string]Number `json:"class_ap"`
}

// SubsetResult of one subset of the sensors.
type SubsetResult struct {
	Sensors string `json:"sensors"`
	Figures
	ECE Number `json:"ece"`
}

// Member is one modality alone under a condition. Same says that the condition does not touch it: the figures are those of the clean drives.
type Member struct {
	Sensors string `json:"sensors"`
	Figures
	Same bool `json:"same_as_clean"`
}

// ConditionResult of one severity of weather or a fault.
type ConditionResult struct {
	Group    Group  `json:"group"`
	Name     string `json:"name"`
	Severity int    `json:"severity"`
	Setting  string `json:"setting"`
	// Made says how the sensors' data came about: "simulated", "laid over simulated", "laid over real".
	Made string `json:"made"`
	Figures
	// RANDS and RAMAP are the shares of the clean drives' NDS and mAP.
	RANDS   Number   `json:"ra_nds"`
	RAMAP   Number   `json:"ra_map"`
	Members []Member `json:"members"`
}

// VisibilityResult of one thickness of fog.
type VisibilityResult struct {
	// VisibilityM is null on a clear day.
	VisibilityM Number `json:"visibility_m"`
	Made        string `json:"made"`
	Figures
	Members []Member `json:"members"`
	// Attention mass and reliability a modality, means over the sets.
	Mass        map[string]Number `json:"mass"`
	Reliability map[string]Number `json:"reliability"`
}

// RecoveryResult of a modality that fell silent and returned. Recall is of published objects, coasting ones too, within 2 m.
type RecoveryResult struct {
	Sensors string `json:"sensors"`
	Setting string `json:"setting"`
	// Sets after the return until the recall is 95 % of the undisturbed drives' again; 0 is at once, null not within SetsSeen.
	Sets     Number `json:"sets"`
	SetsSeen int    `json:"sets_seen"`
	// Recall of each set from the loss on, and of the undisturbed drives; Lost is how many of them are before the return.
	Recall      []Number `json:"recall"`
	Undisturbed []Number `json:"undisturbed"`
	Lost        int      `json:"lost"`
}

// CalibrationResult of the scores.
type CalibrationResult struct {
	Over  string                `json:"over"`
	ECE   Number                `json:"ece"`
	Count int                   `json:"count"`
	Bins  []eval.CalibrationBin `json:"bins"`
}

// Violation is a test in which one modality alone was better than all together.
type Violation struct {
	Group      Group  `json:"group"`
	Name       string `json:"name"`
	Severity   int    `json:"severity"`
	Setting    string `json:"setting"`
	Metric     string `json:"metric"`
	Full       Number `json:"full"`
	Member     string `json:"member"`
	MemberHas  Number `json:"member_has"`
	Difference Number `json:"difference"`
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}
