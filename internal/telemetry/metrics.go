// Package telemetry turns the daemon's outputs into Prometheus metrics. It looks at what is published and nothing else, so that a
// dashboard, a log of health messages and a recording tell the same story.
package telemetry

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

// Metrics collects from health messages and object lists. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	stages   *prometheus.HistogramVec
	sets     *prometheus.CounterVec
	absent   *prometheus.CounterVec
	objects  prometheus.Gauge

	mu     sync.Mutex
	health *fusionv1.Health
}

var (
	received = prometheus.NewDesc("fusiond_samples_received_total", "Messages of a stream that arrived.", []string{"sensor"}, nil)
	used     = prometheus.NewDesc("fusiond_samples_used_total", "Samples that served at least one set.", []string{"sensor"}, nil)
	pending  = prometheus.NewDesc("fusiond_samples_pending", "Samples that a set may still choose.", []string{"sensor"}, nil)
	dropped  = prometheus.NewDesc("fusiond_samples_dropped_total", "Samples dropped by reason.", []string{"sensor", "reason"}, nil)
	gaps     = prometheus.NewDesc("fusiond_samples_gaps_total", "Messages that never arrived, by the publisher's numbers.", []string{"sensor"}, nil)
	age      = prometheus.NewDesc("fusiond_stream_age_seconds", "Age of the newest sample.", []string{"sensor"}, nil)
	reliable = prometheus.NewDesc("fusiond_sensor_reliability", "What the newest judged data of a sensor is worth, 0 to 1, from the data alone.", []string{"sensor"}, nil)
	modeDesc = prometheus.NewDesc("fusiond_mode", "1 for the operating mode that holds.", []string{"mode"}, nil)
	slow     = prometheus.NewDesc("fusiond_slow_consumer_episodes_total", "Times that NATS found a subscription too slow.", nil, nil)
	lost     = prometheus.NewDesc("fusiond_messages_lost_total", "Messages that the NATS client dropped before fusiond saw them.", nil, nil)
	reconns  = prometheus.NewDesc("fusiond_reconnects_total", "Times that a NATS connection came back.", nil, nil)
	bare     = prometheus.NewDesc("fusiond_samples_without_headers_total", "Messages without integrity headers, accepted.", []string{"sensor"}, nil)
	failures = prometheus.NewDesc("fusiond_stage_errors_total", "Errors of a stage.", []string{"stage"}, nil)
)

// New makes the metrics of one daemon, with those of the Go runtime and the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fusiond_stage_duration_seconds", Help: "Time of each stage a set.",
			Buckets: []float64{.0005, .001, .002, .004, .008, .012, .016, .025, .035, .05, .075, .1, .15, .25, .5, 1},
		}, []string{"stage"}),
		sets: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fusiond_sets_total", Help: "Sets by what gave them their time and why they closed.",
		}, []string{"kind", "close"}),
		absent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fusiond_members_absent_total", Help: "Streams without a member in a set, by reason.",
		}, []string{"sensor", "reason"}),
		objects: prometheus.NewGauge(prometheus.GaugeOpts{Name: "fusiond_objects", Help: "Objects in the newest list."}),
	}
	m.registry.MustRegister(m.stages, m.sets, m.absent, m.objects, (*healthCollector)(m),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Health takes a health message, which must not be changed any more.
func (m *Metrics) Health(h *fusionv1.Health) {
	m.mu.Lock()
	m.health = h
	m.mu.Unlock()
}

// Objects takes an object list.
func (m *Metrics) Objects(l *fusionv1.ObjectList) {
	for _, s := range l.Latency {
		m.stages.WithLabelValues(s.Stage).Observe(time.Duration(s.DurationNs).Seconds())
	}
	kind, reason := l.GetManifest().GetKind().String(), l.GetManifest().GetCloseReason().String()
	m.sets.WithLabelValues(word(kind, "SET_KIND_"), word(reason, "CLOSE_REASON_")).Inc()
	for _, member := range l.GetManifest().GetMembers() {
		if !member.Present {
			m.absent.WithLabelValues(member.Stream, word(member.Absence.String(), "ABSENCE_REASON_")).Inc()
		}
	}
	m.objects.Set(float64(len(l.Objects)))
}

func word(enum, prefix string) string { return strings.ToLower(strings.TrimPrefix(enum, prefix)) }

// healthCollector exports the newest health message.
type healthCollector Metrics

// Describe implements prometheus.Collector.
func (c *healthCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		received, used, pending, dropped, gaps, bare, age, reliable, modeDesc, slow, lost, reconns, failures,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *healthCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	h := c.health
	c.mu.Unlock()
	if h == nil {
		return
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range h.Streams {
		counter(received, s.Received, s.Stream)
		counter(used, s.Used, s.Stream)
		counter(gaps, s.Gaps, s.Stream)
		counter(bare, s.MissingHeaders, s.Stream)
		gauge(pending, float64(s.Pending), s.Stream)
		gauge(age, time.Duration(s.AgeNs).Seconds(), s.Stream)
		if s.Modality != fusionv1.Modality_MODALITY_UNSPECIFIED && s.Modality != fusionv1.Modality_MODALITY_EGO {
			gauge(reliable, float64(s.Reliability), s.Stream)
		}
		for _, d := range s.Dropped {
			counter(dropped, d.Count, s.Stream, d.Reason)
		}
	}
	for value, name := range fusionv1.Mode_name {
		if value == 0 {
			continue
		}
		on := 0.0
		if int32(h.Mode) == value {
			on = 1
		}
		gauge(modeDesc, on, word(name, "MODE_"))
	}
	for _, s := range h.Stages {
		counter(failures, s.Errors, s.Stage)
	}
	counter(slow, h.SlowConsumers)
	counter(lost, h.ClientDropped)
	counter(reconns, h.Reconnects)
}
