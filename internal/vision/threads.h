#ifndef FUSIOND_VISION_THREADS_H
#define FUSIOND_VISION_THREADS_H

#ifdef __cplusplus
extern "C" {
#endif

// Makes OpenCV run on the caller's thread alone; gocv v0.31.0 has no call for it. Returns 0 on success.
int fd_single_thread(void);

#ifdef __cplusplus
}
#endif

#endif
