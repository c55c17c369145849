import { Alert, Button, Group, Stack } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'

/** A picture of the camera, with the permission that the browser asks for; the camera is off when this is gone. */
export function Camera({
  onPicture,
  onClose,
}: {
  readonly onPicture: (picture: Blob) => void
  readonly onClose: () => void
}) {
  const video = useRef<HTMLVideoElement>(null)
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    let stream: MediaStream | undefined
    let isGone = false
    const start = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
      } catch (error) {
        setProblem(`There is no picture of a camera: ${(error as Error).message}.`)
        return
      }
      if (isGone) stop(stream)
      else if (video.current) video.current.srcObject = stream
    }
    void start()
    return () => {
      isGone = true
      if (stream) stop(stream)
    }
  }, [])
  const take = async () => {
    const { videoWidth, videoHeight } = video.current!
    const canvas = new OffscreenCanvas(videoWidth, videoHeight)
    canvas.getContext('2d')!.drawImage(video.current!, 0, 0)
    onPicture(await canvas.convertToBlob())
  }
  if (problem !== undefined)
    return (
      <Alert color="red" withCloseButton closeButtonLabel="Dismiss" onClose={onClose}>
        {problem}
      </Alert>
    )
  return (
    <Stack gap="xs">
      <video ref={video} autoPlay muted playsInline style={{ maxHeight: 280, maxWidth: '100%' }} aria-label="Camera" />
      <Group gap="xs">
        <Button size="xs" onClick={() => void take()}>
          Take it
        </Button>
        <Button size="xs" variant="default" onClick={onClose}>
          Camera off
        </Button>
      </Group>
    </Stack>
  )
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
